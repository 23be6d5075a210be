"""What an expression's value is: the one reading that capture, the reference engine and conformance share."""
