"""Live: pictures restyled as they come, from a camera, a stream or a film at its own pace."""
