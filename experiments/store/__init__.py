"""What has been computed, safe against any kill."""
