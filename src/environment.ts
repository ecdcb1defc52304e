/**
 * ONNX Runtime sends its makers reports of its use unless the environment says no before its first session is opened.
 * What somebody computes here is nobody else's business; and a program that works offline shall not try the network.
 */
process.env.ORT_DISABLE_TELEMETRY ||= '1'
