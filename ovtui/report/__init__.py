"""What leaves: the JSON documents of the contract, and files."""
