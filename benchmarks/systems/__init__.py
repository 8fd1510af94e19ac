"""What is compared: stylefx, the rivals, and the systems whose figures are published."""
