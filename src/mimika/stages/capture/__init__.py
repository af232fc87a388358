"""Photos, videos, cameras and streams as frames."""

from mimika.stages.capture.inputs import expand, open_capture
from mimika.stages.capture.photo import PhotoCapture
from mimika.stages.capture.video import VideoCapture
from mimika.stages.capture.webcam import CameraCapture

__all__ = ["CameraCapture", "PhotoCapture", "VideoCapture", "expand", "open_capture"]
