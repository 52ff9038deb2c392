"""What the product can receive: the declared sources and the readers for each kind of file."""
