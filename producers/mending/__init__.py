"""Dead letters: listed, shown as JSON, mended and sent again."""
