"""A plugin with the SDK that keeps nothing."""
