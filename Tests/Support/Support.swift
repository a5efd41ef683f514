@_exported import GlomersTesting
