/**
 * What the libraries below read from the environment, where it says nothing yet; called before they are first used, so that
 * importing the package changes nothing.
 *
 * ONNX Runtime sends its makers reports of its use unless the environment says no before its first session is opened. What
 * somebody computes here is nobody else's business; and a program that works offline shall not try the network.
 *
 * CUDA numbers its cards by speed unless the environment says otherwise before its first call: in this process, which
 * trains classifiers and compares features, as in those of networks, and as NVIDIA's files and tools do.
 */
export function prepareEnvironment(): void {
  process.env.ORT_DISABLE_TELEMETRY ||= '1'
  process.env.CUDA_DEVICE_ORDER ||= 'PCI_BUS_ID'
}
