"""Online garbage collection: what nobody holds goes, in small steps."""
