"""Label names, rules and steps as text; holds no logic."""
