"""What every HTTP door of ours shares: the gate before it, and answers by problem documents in two languages."""
