"""What every process needs: settings, log, metrics, traces, plug-ins, HTTP problems."""
