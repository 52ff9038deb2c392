"""Landing: what lies under raw/, registered, read and set aside row by row into the restricted database."""
