"""Dates as they are written in Italian.

Django's have the day of the week, zeros before days, and months with a capital letter.
"""

DATE_FORMAT = "j b Y"
DATETIME_FORMAT = "j b Y, H:i"
MONTH_DAY_FORMAT = "j b"
