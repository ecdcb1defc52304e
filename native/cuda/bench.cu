// Times the operations on a CUDA device against what its memory allows, and the support vector machines against two cores
// of the processor; prints one table. Run by bench/gpu.sh.
//
//   shiftscope_cuda_bench [--check] [--device INDEX] [--features FILE.npy]
//
// FILE: float32 [rows, cols, dims], as `extract` writes it; without it, features are made up by a formula, of 150x150
// positions with 4096 dims. With --check, it ends where timing would begin. Exit status: 0, 2 for wrong usage, 3 for a bad file, 4 without a usable device, 1 otherwise.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cosine.h"
#include "launch.h"
#include "svm.h"

namespace {

using namespace shiftscope;
using cuda::Array;
using cuda::Device;
using cuda::Event;
using cuda::Features;
using cuda::Stream;

constexpr int kRepetitions = 20;
constexpr std::size_t kBandwidthBytes = std::size_t{2} << 30;

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct InputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Writes only what cannot be, so that the loads stay.
__global__ void read_kernel(const uint4* from, std::size_t count, unsigned* never) {
  const std::size_t step = static_cast<std::size_t>(gridDim.x) * blockDim.x;
  unsigned all = 0;
#pragma unroll 4
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const uint4 value = __ldcs(from + i);
    all |= value.x | value.y | value.z | value.w;
  }
  if (all == 0x5a5a5a5au) *never = all;
}

/// Median seconds of work that is queued, after one run to warm up.
double seconds_of(const Stream& stream, const std::function<void()>& queue) {
  queue();
  stream.synchronise();
  std::vector<double> times;
  for (int i = 0; i < kRepetitions; ++i) {
    Event begin, end;
    begin.record(stream);
    queue();
    end.record(stream);
    times.push_back(end.since(begin));
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Bytes per second of plain loads.
double read_bandwidth(const Stream& stream) {
  Array<uint4> memory(kBandwidthBytes / sizeof(uint4));
  Array<unsigned> never(1);
  memory.fill(0, stream);
  const double seconds =
      seconds_of(stream, [&] { launch(stream, read_kernel, dim3(4096), memory.data(), memory.size(), never.data()); });
  return static_cast<double>(kBandwidthBytes) / seconds;
}

void print_row(const std::string& what, const std::string& measured, const std::string& limit, const std::string& share) {
  std::printf("| %-44s | %-24s | %-26s | %-12s |\n", what.c_str(), measured.c_str(), limit.c_str(), share.c_str());
}

std::string text(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

std::string bandwidth_text(double bytes_per_second) { return text("%.0f GB/s", bytes_per_second / 1e9); }

std::vector<float> fractions(std::size_t count, double step) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(std::fmod(static_cast<double>(i) * step, 1.0));
  return values;
}

void bench_cosine(const Stream& stream, const Features& features, double bandwidth) {
  std::vector<float> anchors(5 * features.dims());
  for (std::size_t a = 0; a < 5; ++a) {
    for (std::size_t d = 0; d < features.dims(); ++d) {
      anchors[a * features.dims() + d] = static_cast<float>(std::sin(static_cast<double>(d * (a + 1))));
    }
  }
  cuda::Cosines cosines(features, anchors.data(), 5);
  const double seconds = seconds_of(stream, [&] { cosines.compute(stream); });
  const double rate = static_cast<double>(features.rows() * features.dims() * sizeof(float)) / seconds;
  print_row("cosine, 5 anchors", bandwidth_text(rate), bandwidth_text(bandwidth) + " read", text("%.2f", rate / bandwidth));
}

struct Grid {
  std::size_t rows = 150, cols = 150, dims = 4096;
  std::vector<float> values;
  std::size_t positions() const { return rows * cols; }
};

/// Waves over the grid with some noise, as src/bench/svm.ts makes them: few support vectors, as of real features.
Grid formula_grid() {
  Grid grid;
  grid.values.resize(grid.positions() * grid.dims);
  const auto fraction = [](double x) { return x - std::floor(x); };
  const double turn = 2 * std::acos(-1.0);
  std::vector<std::thread> threads;
  const std::size_t workers = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t worker = 0; worker < workers; ++worker) {
    threads.emplace_back([&, worker] {
      for (std::size_t i = worker; i < grid.positions(); i += workers) {
        const double row = static_cast<double>(i / grid.cols) / 150, col = static_cast<double>(i % grid.cols) / 150;
        for (std::size_t d = 0; d < grid.dims; ++d) {
          const auto k = static_cast<double>(d), n = static_cast<double>(i * grid.dims + d);
          const double angle = turn * fraction(k * 0.6180339887), waves = 6 * fraction(k * 0.7548776662);
          const double along = row * std::sin(angle) + col * std::cos(angle);
          const double noise = fraction(std::sin(n * 12.9898) * 43758.5453) - 0.5;
          grid.values[i * grid.dims + d] =
              static_cast<float>(std::sin(turn * (waves * along + fraction(k * 0.5698402909))) + 0.3 * noise);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return grid;
}

/// The sizes in a .npy header, which must be of little-endian float32 in C order.
std::vector<std::size_t> shape_of(const std::string& header, const std::string& path) {
  const auto wrong = [&](const char* what) { return InputError(path + ": " + what); };
  if (header.find("'descr': '<f4'") == std::string::npos) throw wrong("not of float32");
  if (header.find("'fortran_order': False") == std::string::npos) throw wrong("not in C order");
  const std::size_t begin = header.find("'shape': ("), end = header.find(')', begin);
  if (begin == std::string::npos || end == std::string::npos) throw wrong("a header without a shape");
  std::vector<std::size_t> shape;
  std::size_t at = begin + 10;
  while (at < end) {
    std::size_t size = 0, digits = 0;
    for (; at < end && header[at] >= '0' && header[at] <= '9'; ++at, ++digits) {
      size = 10 * size + static_cast<std::size_t>(header[at] - '0');
    }
    if (digits > 9) throw wrong("a size that is too large");
    if (digits > 0) shape.push_back(size);
    if (at < end) ++at;
  }
  if (shape.size() != 3) throw wrong("not of shape [rows, cols, dims]");
  return shape;
}

Grid read_grid(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw InputError(path + ": cannot be opened");
  const auto bytes = static_cast<std::size_t>(file.tellg());
  file.seekg(0);
  unsigned char start[12] = {};
  if (!file.read(reinterpret_cast<char*>(start), 12) || std::memcmp(start, "\x93NUMPY", 6) != 0 || start[6] > 3) {
    throw InputError(path + ": not a .npy file");
  }
  const std::size_t prefix = start[6] == 1 ? 10 : 12;
  std::size_t length = start[8] + (std::size_t{start[9]} << 8);
  if (prefix == 12) length += (std::size_t{start[10]} << 16) + (std::size_t{start[11]} << 24);
  if (prefix + length > bytes) throw InputError(path + ": ends within its header");
  std::string header(length, ' ');
  file.seekg(static_cast<std::streamoff>(prefix));
  file.read(header.data(), static_cast<std::streamsize>(length));
  const std::vector<std::size_t> shape = shape_of(header, path);
  Grid grid{shape[0], shape[1], shape[2], {}};
  const double expected = 4.0 * static_cast<double>(shape[0]) * static_cast<double>(shape[1]) * static_cast<double>(shape[2]);
  if (expected != static_cast<double>(bytes - prefix - length) || expected == 0 || shape[0] < 5 || shape[1] < 5) {
    throw InputError(path + ": its length is not that of its shape, or the grid has fewer than 5 rows or columns");
  }
  grid.values.resize(grid.positions() * grid.dims);
  if (!file.read(reinterpret_cast<char*>(grid.values.data()), static_cast<std::streamsize>(expected))) {
    throw InputError(path + ": cannot be read");
  }
  return grid;
}

/// Both tasks in five ordered folds: the samples of each class are dealt in row-major order.
std::vector<std::int8_t> labels_of(const Grid& grid) {
  std::vector<std::int8_t> labels(10 * grid.positions());
  for (std::size_t task = 0; task < 2; ++task) {
    const std::size_t side = task == 0 ? grid.cols : grid.rows;
    std::vector<bool> first(grid.positions());
    std::size_t sizes[2] = {}, seen[2] = {};
    for (std::size_t i = 0; i < grid.positions(); ++i) {
      first[i] = 2 * (task == 0 ? i % grid.cols : i / grid.cols) < side;
      ++sizes[first[i]];
    }
    for (std::size_t i = 0; i < grid.positions(); ++i) {
      const std::size_t fold = seen[first[i]]++ * 5 / sizes[first[i]];
      for (std::size_t f = 0; f < 5; ++f) {
        labels[(task * 5 + f) * grid.positions() + i] = f == fold ? 0 : (first[i] ? 1 : -1);
      }
    }
  }
  return labels;
}

/// Least seconds of three calls, after one that makes room.
double seconds_of_call(const std::function<void()>& call) {
  call();
  double seconds = HUGE_VAL;
  for (int i = 0; i < 3; ++i) seconds = std::min(seconds, seconds_of(call));
  return seconds;
}

/// What a training asks of the features, copies and the processor's share included.
void bench_svm_features(const Features& features, double bandwidth) {
  const cuda::DeviceSvmFeatures on_device(features);
  const std::size_t rows = features.rows(), dims = features.dims(), stride = (dims + 8) / 8 * 8;
  const std::size_t threads = std::max(1u, std::thread::hardware_concurrency()), few = std::min<std::size_t>(rows, 2048);
  const std::vector<float> values = fractions(10 * stride, 0.618);
  std::vector<double> vectors(values.begin(), values.end()), scores(10 * rows);
  for (std::size_t i = 0; i < vectors.size(); ++i) vectors[i] *= i % stride < dims;
  std::vector<double*> targets;
  for (std::size_t v = 0; v < 10; ++v) targets.push_back(scores.data() + v * rows);
  std::vector<std::uint32_t> some(few), all(rows);
  for (std::size_t i = 0; i < few; ++i) some[i] = static_cast<std::uint32_t>(i * rows / few);
  for (std::size_t i = 0; i < rows; ++i) all[i] = static_cast<std::uint32_t>(i);
  const double pass = seconds_of_call([&] { on_device.products(vectors.data(), 10, stride, threads, targets.data()); });
  const double rate = static_cast<double>(rows * dims * sizeof(float)) / pass;
  print_row("decision values of 10 vectors", bandwidth_text(rate), bandwidth_text(bandwidth) + " read",
            text("%.2f", rate / bandwidth));
  const auto print = [](const char* what, double seconds, double products) {
    print_row(what, text("%.4f s", seconds), text("%.2f T multiply-adds/s", products / seconds / 1e12), "");
  };
  const auto n = static_cast<double>(few), d = static_cast<double>(dims);
  std::vector<double> matrix(std::max(few * few, stride * stride));
  print("Gram matrix of 2048 samples", seconds_of_call([&] { on_device.fill_gram(some, 0, threads, matrix.data(), few); }),
        n * n * d / 2);
  print("outer products of all samples",
        seconds_of_call([&] { on_device.add_outer_products(all, 1, threads, matrix.data(), stride); }),
        static_cast<double>(rows) * d * d / 2);
  std::vector<double> x(std::max(few, dims + 1), 1.0);
  bool solved = false;
  const double in_samples = seconds_of_call([&] { solved = on_device.solve_in_samples(some, 1, 1e-12, 1, x.data()); });
  if (!solved) return;
  print("system of 2048 samples", in_samples, n * n * d / 2 + n * n * n / 6);
  print("system of all dims", seconds_of_call([&] { on_device.solve_in_dims(all, 1, 1, 1e-12, x.data()); }),
        static_cast<double>(rows) * d * d / 2 + d * d * d / 6);
}

struct Training {
  double seconds;
  SvmResult result;
  std::vector<double> decisions;
};

/// The fastest of so many.
template <class Train>
Training fastest(const Grid& grid, int repetitions, const Train& train) {
  Training best{HUGE_VAL, {}, std::vector<double>(10 * grid.positions())};
  for (int i = 0; i < repetitions; ++i) {
    const double seconds = seconds_of([&] { best.result = train(best.decisions.data()); });
    best.seconds = std::min(best.seconds, seconds);
  }
  return best;
}

/// Largest relative difference of the ten objectives.
double difference(const SvmResult& a, const SvmResult& b) {
  double worst = 0;
  for (std::size_t p = 0; p < a.solutions.size(); ++p) {
    worst = std::max(worst, std::fabs(a.solutions[p].primal - b.solutions[p].primal) / b.solutions[p].primal);
  }
  return worst;
}

/// Prints two rows; returns what else there is to say.
std::string bench_svm(const Device& device, const Grid& grid, Loss loss) {
  const std::vector<std::int8_t> labels = labels_of(grid);
  SvmOptions options;
  options.loss = loss;
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  const Training with_upload = fastest(grid, 3, [&](double* decisions) {
    return cuda::train_svm(Features(device, grid.values.data(), grid.positions(), grid.dims), labels.data(), 10, options,
                           decisions);
  });
  const Features features(device, grid.values.data(), grid.positions(), grid.dims);
  const Training on_device = fastest(grid, 3, [&](double* decisions) {
    return cuda::train_svm(features, labels.data(), 10, options, decisions);
  });
  options.threads = 2;
  const Training on_cores = fastest(grid, 2, [&](double* decisions) {
    return train_svm(grid.values.data(), grid.positions(), grid.dims, labels.data(), 10, options, decisions);
  });
  std::size_t converged = 0, agree = 0;
  for (const SvmSolution& solution : on_device.result.solutions) converged += solution.converged;
  for (std::size_t i = 0; i < labels.size(); ++i) agree += (on_device.decisions[i] > 0) == (on_cores.decisions[i] > 0);
  const std::string name = loss == Loss::hinge ? "10 SVMs, hinge" : "10 SVMs, squared hinge";
  print_row(name, text("%.3f s", on_device.seconds), text("%.3f s on two cores", on_cores.seconds),
            text("%.1f times", on_cores.seconds / on_device.seconds));
  print_row(name + ", upload included", text("%.3f s", with_upload.seconds),
            text("%.3f s on two cores", on_cores.seconds), text("%.1f times", on_cores.seconds / with_upload.seconds));
  return name + ": " + std::to_string(converged) + " of 10 converged in " + std::to_string(on_device.result.passes) +
         " passes; objectives differ by " + text("%.1e", difference(on_device.result, on_cores.result)) +
         " at most from the processor's, classes at " + std::to_string(labels.size() - agree) + " of " +
         std::to_string(labels.size()) + " places";
}

struct Arguments {
  bool check = false;
  int device = 0;
  std::string features;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    if (name == "--check") {
      arguments.check = true;
      continue;
    }
    if (++i == count) throw UsageError(name + ": a value is missing, or the option is unknown");
    const std::string value = values[i];
    if (name == "--features") {
      arguments.features = value;
    } else if (name == "--device" && !value.empty() && value.size() < 4 &&
               value.find_first_not_of("0123456789") == std::string::npos) {
      arguments.device = std::stoi(value);
    } else {
      throw UsageError(name + " " + value + ": known are --check, --device INDEX and --features FILE.npy");
    }
  }
  return arguments;
}

void bench(const Device& device, const Grid& grid) {
  cuda::use(device.index);
  const Stream stream;
  const double bandwidth = read_bandwidth(stream);
  std::printf("\n%s, compute capability %d.%d, %.0f GiB; sums in %s; %u threads of the processor (%s)\n\n",
              device.name.c_str(), device.major, device.minor, static_cast<double>(device.memory_bytes) / (1 << 30),
              arithmetic_of(device) == cuda::Arithmetic::float64 ? "float64" : "pairs of float32",
              std::thread::hardware_concurrency(), name_of(instruction_set()));
  print_row("what", "measured", "limit or comparison", "ratio");
  print_row("---", "---", "---", "---");
  const std::string shape = std::to_string(grid.positions()) + "x" + std::to_string(grid.dims);
  {
    const double bytes = static_cast<double>(grid.values.size() * sizeof(float));
    double seconds = HUGE_VAL;
    for (int i = 0; i < 3; ++i) {
      seconds = std::min(seconds, seconds_of([&] {
        const Features features(device, grid.values.data(), grid.positions(), grid.dims);
      }));
    }
    print_row("upload of " + shape, text("%.3f s", seconds), bandwidth_text(bytes / seconds) + " over the bus", "");
    const Features features(device, grid.values.data(), grid.positions(), grid.dims);
    bench_cosine(stream, features, bandwidth);
    bench_svm_features(features, bandwidth);
  }
  const std::string hinge = bench_svm(device, grid, Loss::hinge);
  const std::string squared_hinge = bench_svm(device, grid, Loss::squared_hinge);
  std::printf("\n%s\n%s\n", hinge.c_str(), squared_hinge.c_str());
}

int run(int count, char** values) {
  const Arguments arguments = parse(count, values);
  Grid grid;
  if (!arguments.features.empty()) grid = read_grid(arguments.features);
  const cuda::Devices devices = cuda::find_devices();
  for (const Device& device : devices.all) {
    if (device.index != arguments.device) continue;
    if (!arguments.check) bench(device, arguments.features.empty() ? formula_grid() : grid);
    return 0;
  }
  std::fprintf(stderr, "CUDA device %d is not usable: %s\n", arguments.device,
               devices.reason.empty() ? "there is none with this number" : devices.reason.c_str());
  return 4;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run(count, values);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  } catch (const InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  } catch (const cuda::DeviceError& error) {
    std::fprintf(stderr, "the CUDA device failed: %s\n", error.what());
    return 4;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
