"""What measures: `client` is for the faces; `job` and `device` are processes of their own."""
