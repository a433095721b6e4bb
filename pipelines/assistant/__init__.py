"""What an assistant may do with a copy: a server of the Model Context Protocol that reads and never writes."""
