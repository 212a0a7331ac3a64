"""The assistants: what they are, how they converse, what they are taught."""
