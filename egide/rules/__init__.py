"""May they? May it follow? Is it safe to show? Pure functions and tables."""
