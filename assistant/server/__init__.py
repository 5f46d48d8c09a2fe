"""What programs are served: HTTP and MCP, who may call, how often."""
