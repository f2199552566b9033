"""Where handsets and servers are connected: namespaces, interfaces and the virtual network."""
