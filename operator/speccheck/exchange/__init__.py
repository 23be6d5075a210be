"""A Model in the forms that other tools read. Pure: a Model goes in, texts come out."""
