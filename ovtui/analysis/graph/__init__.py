"""The graph view without a screen: a profile's graphs, their blocks, the rows one sees, the lanes beside them."""
