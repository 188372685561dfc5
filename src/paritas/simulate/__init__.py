"""The same engine on a virtual clock: workloads and reports."""
