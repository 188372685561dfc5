"""The console: web pages that an operator keeps open all day, over the API that everybody uses."""
