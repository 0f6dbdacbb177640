"""What programs tell of themselves: logs as JSON, and spans over OTLP."""
