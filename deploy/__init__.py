"""From a Bento to a running container, and back: `image` builds it, `release` puts it in place."""
