"""What the page's server costs, and whether it answers rightly, asked by visitors without a browser."""
