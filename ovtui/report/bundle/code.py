"""Programs that run a model as it was measured, asynchronously: in Python, and in C++ with what builds it.

What differs between bundles are constants at their top, written as literals of the language, so that a name from a file
is data and nothing else.
"""

from __future__ import annotations

import pprint

from ovtui.report.bundle.plan import Plan

_PYTHON = '''\
"""Run the model as it was measured: asynchronously, with the same settings. Needs openvino and numpy."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import openvino as ov

MODEL = @MODEL@
DEVICE = @DEVICE@
PROPERTIES = @PROPERTIES@
SHAPES = @SHAPES@  # of the inputs, in their order; empty: as they are
REQUESTS = @REQUESTS@  # in flight; 0: as many as the device wants
BATCH = @BATCH@


def fill(tensor: ov.Tensor, seed: int) -> None:
    """What an input is filled with: put your own data here."""
    memory, random = tensor.data, np.random.default_rng(seed)
    if memory.dtype.kind == "f":
        memory[...] = random.standard_normal(memory.shape)
    else:
        top = 256 if memory.dtype == np.uint8 and memory.ndim > 2 else 2
        memory[...] = random.integers(0, top, memory.shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    seconds = parser.parse_args().seconds

    core = ov.Core()
    model = core.read_model(Path(__file__).parent / "model" / MODEL)
    if SHAPES:
        model.reshape({place: shape for place, shape in enumerate(SHAPES)})
    compiled = core.compile_model(model, DEVICE, PROPERTIES)
    queue = ov.AsyncInferQueue(compiled, REQUESTS)
    for place in range(len(queue)):
        for index in range(len(compiled.inputs)):
            fill(queue[place].get_input_tensor(index), 1000 * place + index)

    latencies: list[float] = []
    # What came out is in request.get_output_tensor(0).data, here in the callback.
    queue.set_callback(lambda request, begin: latencies.append(time.perf_counter() - begin))
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        queue.get_idle_request_id()  # waits for one
        queue.start_async(userdata=time.perf_counter())
    queue.wait_all()
    took = time.perf_counter() - begin

    print(f"requests       {len(queue)}")
    print(f"inferences     {len(latencies)}")
    print(f"throughput     {BATCH * len(latencies) / took:.2f} FPS")
    print(f"latency p50    {1e3 * float(np.median(latencies)):.3f} ms")


if __name__ == "__main__":
    main()
'''

_CPP = """\
// Runs the model as it was measured: asynchronously, with the same settings.
#include <openvino/openvino.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

using Clock = std::chrono::steady_clock;

static const std::string MODEL = @MODEL@;
static const std::string DEVICE = @DEVICE@;
static const ov::AnyMap PROPERTIES = @PROPERTIES@;
static const std::vector<ov::Shape> SHAPES = @SHAPES@;  // of the inputs, in their order; empty: as they are
static const std::size_t REQUESTS = @REQUESTS@;  // in flight; 0: as many as the device wants
static const double BATCH = @BATCH@;

// What an input is filled with: put your own data here.
static void fill(ov::Tensor tensor, std::mt19937& random) {
    if (tensor.get_element_type() == ov::element::f32) {
        std::normal_distribution<float> normal;
        std::generate_n(tensor.data<float>(), tensor.get_size(), [&] { return normal(random); });
    } else {
        std::memset(tensor.data(), 0, tensor.get_byte_size());
    }
}

int main(int argc, char* argv[]) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 10;
    const std::string folder = argc > 2 ? argv[2] : ".";
    ov::Core core;
    auto model = core.read_model(folder + "/model/" + MODEL);
    if (!SHAPES.empty()) {
        std::map<std::size_t, ov::PartialShape> shapes;
        for (std::size_t i = 0; i < SHAPES.size(); ++i) shapes[i] = SHAPES[i];
        model->reshape(shapes);
    }
    auto compiled = core.compile_model(model, DEVICE, PROPERTIES);
    const std::size_t count = REQUESTS ? REQUESTS : compiled.get_property(ov::optimal_number_of_infer_requests);

    std::mt19937 random(0);
    std::mutex mutex;
    std::vector<double> latencies;
    std::vector<ov::InferRequest> requests;
    std::vector<Clock::time_point> begins(count);
    for (std::size_t i = 0; i < count; ++i) {
        requests.push_back(compiled.create_infer_request());
        for (std::size_t port = 0; port < compiled.inputs().size(); ++port)
            fill(requests[i].get_input_tensor(port), random);
    }
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    std::atomic<std::size_t> running{count};
    for (std::size_t i = 0; i < count; ++i) {
        requests[i].set_callback([&, i](std::exception_ptr error) {
            if (error) std::terminate();
            const auto now = Clock::now();
            {
                std::lock_guard<std::mutex> lock(mutex);
                latencies.push_back(std::chrono::duration<double, std::milli>(now - begins[i]).count());
            }
            // What came out is in requests[i].get_output_tensor(0).
            if (now < end) {
                begins[i] = Clock::now();
                requests[i].start_async();
            } else {
                --running;
            }
        });
    }
    for (std::size_t i = 0; i < count; ++i) {
        begins[i] = Clock::now();
        requests[i].start_async();
    }
    while (running) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (auto& request : requests) request.wait();
    const double took = std::chrono::duration<double>(Clock::now() - begin).count();

    std::sort(latencies.begin(), latencies.end());
    std::cout << "requests       " << count << "\\n"
              << "inferences     " << latencies.size() << "\\n"
              << "throughput     " << BATCH * latencies.size() / took << " FPS\\n"
              << "latency p50    " << latencies[latencies.size() / 2] << " ms\\n";
}
"""

_CMAKE = """\
cmake_minimum_required(VERSION 3.13)
project(infer CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(OpenVINO REQUIRED COMPONENTS Runtime)
find_package(Threads REQUIRED)
add_executable(infer infer.cpp)
target_link_libraries(infer PRIVATE openvino::runtime Threads::Threads)
"""


def python(told: Plan) -> str:
    """`infer.py`."""
    return _filled(
        _PYTHON,
        MODEL=ascii(told.start),
        DEVICE=ascii(told.device),
        PROPERTIES=pprint.pformat({str(key): str(value) for key, value in told.properties.items()}, width=100),
        SHAPES=repr([list(shape) for _, shape in told.shapes]),
        REQUESTS=str(told.requests),
        BATCH=str(told.batch),
    )


def cpp(told: Plan) -> str:
    """`infer.cpp`."""
    properties = ", ".join(f"{{{_literal(key)}, {_literal(value)}}}" for key, value in told.properties.items())
    shapes = ", ".join("{" + ", ".join(map(str, shape)) + "}" for _, shape in told.shapes)
    return _filled(
        _CPP,
        MODEL=_literal(told.start),
        DEVICE=_literal(told.device),
        PROPERTIES=f"{{{properties}}}",
        SHAPES=f"{{{shapes}}}",
        REQUESTS=str(told.requests),
        BATCH=str(told.batch),
    )


def cmake() -> str:
    """`CMakeLists.txt`."""
    return _CMAKE


def _filled(text: str, **values: str) -> str:
    """Each @NAME@ once, so that a value is never looked at for names."""
    parts = text.split("@")
    return "".join(values[part] if place % 2 else part for place, part in enumerate(parts))


def _literal(text: str) -> str:
    """A string of C++: bytes of UTF-8 that are not plain as octal escapes, which end after three digits."""
    inner = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}" for byte in text.encode()
    )
    return f'"{inner}"'
