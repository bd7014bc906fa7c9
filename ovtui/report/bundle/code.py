"""Programs that run a model as it was measured: in Python, and in C++ with what builds it.

What differs between bundles are constants at their top, written as literals of the language, so that a name from a file
is data and nothing else.
"""

from __future__ import annotations

import pprint

from ovtui.report.bundle.feeding import Span, span
from ovtui.report.bundle.plan import Plan

_PYTHON = '''\
"""Run the model as it was measured. Needs openvino and numpy: python infer.py --seconds 5"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import openvino as ov

MODEL = @MODEL@
EXTENSIONS = @EXTENSIONS@  # libraries with operations of the model's own: their code runs
DEVICE = @DEVICE@
PROPERTIES = @PROPERTIES@
SHAPES = @SHAPES@  # of the inputs, in their order; empty: as they are
SPANS = @SPANS@  # of their whole numbers: first, and end; (0, 0): 0, 1, 2, …; None: normally distributed
RESET = @RESET@  # the model's state, before each inference
REQUESTS = @REQUESTS@  # in flight; 0: as many as the device wants
BATCH = @BATCH@


BYTES = {"f8e4m3", "f8e5m2", "f8e8m0", "f4e2m1", "nf4", "i4", "u1", "u2", "u3", "u4", "u6"}


def inputs(ports: list[ov.ConstOutput], request: int) -> list[np.ndarray]:
    """The values of each input for a request: put your own data here."""
    random = np.random.default_rng(request)
    shapes = SHAPES or [tuple(port.shape) for port in ports]
    return [drawn(tuple(shape), span, random) for shape, span in zip(shapes, SPANS)]


def drawn(shape: tuple[int, ...], span: tuple[int, int] | None, random: np.random.Generator) -> np.ndarray:
    if span is None:
        return random.standard_normal(shape, np.float32)
    return random.integers(*span, shape) if span != (0, 0) else np.resize(np.arange(shape[-1]), shape)


def fill(request: ov.InferRequest, values: list[np.ndarray]) -> None:
    for index, value in enumerate(values):
        tensor = request.get_input_tensor(index)
        if EXTENSIONS and value.ndim:
            tensor.shape = value.shape
        if tensor.element_type == ov.Type.bf16:  # numpy has none: the upper half of a float32
            tensor.data.view(np.uint16)[...] = np.asarray(value, np.float32).view(np.uint32) >> 16
        elif tensor.element_type == ov.Type.string:
            tensor.str_data = np.full(value.shape, "some text")
        elif tensor.element_type.get_type_name() in BYTES:  # numpy has none of them: put the bytes of your data there
            tensor.data.view(np.uint8)[...] = 0x38
        else:
            tensor.data[...] = value


@MEASURE@


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    seconds = parser.parse_args().seconds

    core = ov.Core()
    for name in EXTENSIONS:
        core.add_extension(Path(__file__).parent / "extensions" / name)
    model = core.read_model(Path(__file__).parent / "model" / MODEL)
    if SHAPES and not EXTENSIONS:  # whose operations may not tell their shapes beforehand
        model.reshape({place: shape for place, shape in enumerate(SHAPES)})
    compiled = core.compile_model(model, DEVICE, PROPERTIES)
    requests, latencies, took = measure(compiled, seconds)
    rate = len(latencies) / took
    print(f"requests       {requests}")
    print(f"inferences     {len(latencies)}")
    print(f"inferences/s   {rate:.2f}")
    print(f"throughput     {BATCH * rate:.2f} FPS")
    print(f"latency p50    {1e3 * float(np.median(latencies)):.3f} ms")


if __name__ == "__main__":
    main()
'''

_ONE_AT_A_TIME = '''\
def measure(compiled: ov.CompiledModel, seconds: float) -> tuple[int, list[float], float]:
    """One inference after the other: requests, latencies in seconds, and how long all of it took."""
    request = compiled.create_infer_request()
    fill(request, inputs(compiled.inputs, 0))
    request.infer(share_outputs=True)  # the first one is slower
    latencies: list[float] = []
    begin = now = time.perf_counter()
    while not latencies or now - begin < seconds:
        if RESET:
            request.reset_state()
        start = time.perf_counter()
        request.infer(share_outputs=True)  # what came out is in request.get_output_tensor(0).data
        now = time.perf_counter()
        latencies.append(now - start)
    return 1, latencies, now - begin'''

_MANY_AT_ONCE = '''\
def measure(compiled: ov.CompiledModel, seconds: float) -> tuple[int, list[float], float]:
    """All requests in flight: their number, latencies in seconds, and how long all of it took.

    Without a callback: Python in the device's threads can keep the program from ending.
    """
    queue = ov.AsyncInferQueue(compiled, REQUESTS)
    for place in range(len(queue)):
        fill(queue[place], inputs(compiled.inputs, place))
        queue.start_async()  # the first ones are slower
    queue.wait_all()
    latencies: list[float] = []
    used: set[int] = set()
    begin = now = time.perf_counter()
    while not used or now - begin < seconds:
        place = queue.get_idle_request_id()  # waits for one; what came out is in its get_output_tensor(0).data
        if place in used:
            latencies.append(queue[place].latency / 1e3)
        if RESET:
            queue[place].reset_state()
        used.add(place)
        queue.start_async()  # the same one
        now = time.perf_counter()
    queue.wait_all()
    took = time.perf_counter() - begin
    latencies += [queue[place].latency / 1e3 for place in used]
    return len(queue), latencies, took'''

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
static const std::vector<std::string> EXTENSIONS = @EXTENSIONS@;  // libraries with operations of the model's own
static const std::string DEVICE = @DEVICE@;
static const ov::AnyMap PROPERTIES = @PROPERTIES@;
static const std::vector<ov::Shape> SHAPES = @SHAPES@;  // of the inputs, in their order; empty: as they are
static const std::size_t REQUESTS = @REQUESTS@;  // in flight; 0: as many as the device wants
static const double BATCH = @BATCH@;
static const bool RESET = @RESET@;  // the model's state, before each inference

struct Span {
    std::int64_t first, end;  // whole numbers from the first one, below the end; 0, 0: 0, 1, 2, …
    bool whole = true;        // else normally distributed
};
static const std::vector<Span> SPANS = @SPANS@;  // of the inputs' values

template <typename T>
static void draw(ov::Tensor tensor, const Span& span, std::mt19937& random) {
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<std::int64_t> whole(span.first, std::max(span.first, span.end - 1));
    const std::size_t length = tensor.get_shape().empty() ? 1 : tensor.get_shape().back();
    std::size_t place = 0;
    std::generate_n(tensor.data<T>(), tensor.get_size(), [&] {
        if (!span.whole) return static_cast<T>(normal(random));
        return span.first < span.end ? static_cast<T>(whole(random)) : static_cast<T>(place++ % length);
    });
}

// What an input is filled with: put your own data here.
static void fill(ov::Tensor tensor, const Span& span, std::mt19937& random) {
    using Type = ov::element::Type_t;
    switch (Type(tensor.get_element_type())) {
        case Type::f32: return draw<float>(tensor, span, random);
        case Type::f64: return draw<double>(tensor, span, random);
        case Type::f16: return draw<ov::float16>(tensor, span, random);
        case Type::bf16: return draw<ov::bfloat16>(tensor, span, random);
        case Type::i8: return draw<std::int8_t>(tensor, span, random);
        case Type::i16: return draw<std::int16_t>(tensor, span, random);
        case Type::i32: return draw<std::int32_t>(tensor, span, random);
        case Type::i64: return draw<std::int64_t>(tensor, span, random);
        case Type::u8: return draw<std::uint8_t>(tensor, span, random);
        case Type::u16: return draw<std::uint16_t>(tensor, span, random);
        case Type::u32: return draw<std::uint32_t>(tensor, span, random);
        case Type::u64: return draw<std::uint64_t>(tensor, span, random);
        case Type::boolean: return draw<bool>(tensor, span, random);
        case Type::string: std::fill_n(tensor.data<std::string>(), tensor.get_size(), "some text"); return;
        // Several values in a byte, or floats of eight bits: put the bytes of your own data there.
        default: std::memset(tensor.data(), 0x38, tensor.get_byte_size());
    }
}

int main(int argc, char* argv[]) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 10;
    const std::string folder = argc > 2 ? argv[2] : ".";
    ov::Core core;
    for (const auto& name : EXTENSIONS) core.add_extension(folder + "/extensions/" + name);
    auto model = core.read_model(folder + "/model/" + MODEL);
    if (!SHAPES.empty() && EXTENSIONS.empty()) {  // whose operations may not tell their shapes beforehand
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
        for (std::size_t port = 0; port < compiled.inputs().size(); ++port) {
            auto tensor = requests[i].get_input_tensor(port);
            if (!SHAPES.empty() && !EXTENSIONS.empty() && !SHAPES.at(port).empty()) tensor.set_shape(SHAPES.at(port));
            fill(tensor, SPANS.at(port), random);
        }
        requests[i].infer();  // the first one is slower
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
                if (RESET) requests[i].reset_state();
                begins[i] = Clock::now();
                requests[i].start_async();
            } else {
                --running;
            }
        });
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (RESET) requests[i].reset_state();
        begins[i] = Clock::now();
        requests[i].start_async();
    }
    while (running) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (auto& request : requests) request.wait();
    const double took = std::chrono::duration<double>(Clock::now() - begin).count();

    std::sort(latencies.begin(), latencies.end());
    std::cout << "requests       " << count << "\\n"
              << "inferences     " << latencies.size() << "\\n"
              << "inferences/s   " << latencies.size() / took << "\\n"
              << "throughput     " << BATCH * latencies.size() / took << " FPS\\n"
              << "latency p50    " << latencies[latencies.size() / 2] << " ms\\n";
}
"""

_CMAKE = """\
cmake_minimum_required(VERSION 3.13)
project(infer CXX)
set(CMAKE_CXX_STANDARD 17)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
find_package(OpenVINO REQUIRED COMPONENTS Runtime)
find_package(Threads REQUIRED)
add_executable(infer infer.cpp)
target_link_libraries(infer PRIVATE openvino::runtime Threads::Threads)
"""


def python(told: Plan) -> str:
    """`infer.py`."""
    return _filled(
        _PYTHON.replace("@MEASURE@", _ONE_AT_A_TIME if told.one_at_a_time else _MANY_AT_ONCE),
        MODEL=ascii(told.start),
        EXTENSIONS=ascii([name for _, name in told.extensions]),
        DEVICE=ascii(told.device),
        PROPERTIES=pprint.pformat({str(key): str(value) for key, value in told.properties.items()}, width=100),
        SHAPES=repr([list(shape) for _, shape in told.shapes]),
        SPANS=repr([None if each is None else tuple(each) for each in map(span, told.model.inputs)]),
        RESET=str(told.reset),
        REQUESTS=str(told.requests),
        BATCH=str(told.batch),
    )


def cpp(told: Plan) -> str:
    """`infer.cpp`."""
    properties = ", ".join(f"{{{_literal(key)}, {_literal(value)}}}" for key, value in told.properties.items())
    shapes = ", ".join("{" + ", ".join(map(str, shape)) + "}" for _, shape in told.shapes)
    spans = ", ".join(_span(span(port)) for port in told.model.inputs)
    return _filled(
        _CPP,
        MODEL=_literal(told.start),
        EXTENSIONS="{" + ", ".join(_literal(name) for _, name in told.extensions) + "}",
        DEVICE=_literal(told.device),
        PROPERTIES=f"{{{properties}}}",
        SHAPES=f"{{{shapes}}}",
        SPANS=f"{{{spans}}}",
        RESET=str(told.reset).lower(),
        REQUESTS=str(told.requests),
        BATCH=str(told.batch),
    )


def _span(found: Span | None) -> str:
    return "{0, 0, false}" if found is None else f"{{{found.first}, {found.end}}}"


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
