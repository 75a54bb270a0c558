"""What is known of a listener: kept plays, and what one pass over them recalls."""
