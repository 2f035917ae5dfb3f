"""The pages as a test meets them: what a person does and sees, by `data-test` marks, in whichever language."""
