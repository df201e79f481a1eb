"""What is true: the rules, one module per noun, one function per verb."""
