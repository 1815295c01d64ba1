"""What an audit shows: concepts, experiments with them, shortcut candidates, representative pictures and mistakes."""
