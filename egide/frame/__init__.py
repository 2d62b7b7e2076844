"""How rows travel between stages: bounded frames of coded columns.

Health data is made of few values repeated many times. So each distinct value of a column is judged once, in plain
Python, when it is first met; a row is then a tuple of small integers into its columns' vocabularies, and everything
done to rows is done to those integers by numpy. Values that rarely repeat (row numbers) travel as plain integers.
"""
