"""Places: outlines of areas and how they lie to one another. No files, no SQL, no drawing."""
