"""The sample workspace: the emulator, and the demo on it."""
