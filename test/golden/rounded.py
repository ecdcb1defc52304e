"""Rounds numbers of goldens to 12 digits, so that making them anew on another machine changes nothing."""


def rounded(value):
    """Also rounds the numbers in lists and dictionaries."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(one) for one in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value
