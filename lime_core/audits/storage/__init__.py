"""What an audit is kept as: its Parquet data sets, its settings, and what was found."""
