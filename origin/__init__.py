"""Origin: answers players with playlists, parts and segments."""
