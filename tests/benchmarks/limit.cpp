// The fastest ways to ask OpenVINO from C++, counting into shared memory so that another process can watch them.
//   limit MODEL STREAMS REQUESTS PRECISION blocking|queue COUNTER_FILE
// blocking: a thread for each request, blocking infer(): the limit. queue: one thread starts whatever request its
// completion callback has put back into the queue of idle ones, as C++ benchmark_app does.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <openvino/openvino.hpp>
#include <queue>
#include <string>
#include <thread>
#include <vector>

int main(int, char** argument) {
    const int streams = std::atoi(argument[2]), requests = std::atoi(argument[3]);
    const bool blocking = std::string(argument[5]) == "blocking";
    const int file = open(argument[6], O_RDWR);
    auto* counter = static_cast<std::atomic<long>*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));

    ov::Core core;
    ov::AnyMap properties{{ov::num_streams.name(), streams}};
    if (std::string(argument[4]) != "default")
        properties[ov::hint::inference_precision.name()] = std::string(argument[4]);
    auto model = core.compile_model(argument[1], "CPU", properties);
    std::vector<ov::InferRequest> pool;
    for (int i = 0; i < requests; ++i) {
        pool.push_back(model.create_infer_request());
        for (size_t k = 0; k < model.inputs().size(); ++k) {
            auto tensor = pool.back().get_input_tensor(k);
            if (tensor.get_element_type() == ov::element::f32)
                for (size_t j = 0; j < tensor.get_size(); ++j)
                    tensor.data<float>()[j] = float(std::rand()) / float(RAND_MAX);
        }
        pool.back().infer();
    }
    if (blocking) {
        std::vector<std::thread> threads;
        for (auto& request : pool)
            threads.emplace_back([&request, counter] {
                for (;;) {
                    request.infer();
                    counter->fetch_add(1, std::memory_order_relaxed);
                }
            });
        for (auto& thread : threads) thread.join();
    }
    std::mutex mutex;
    std::condition_variable idle_again;
    std::queue<int> idle;
    for (int i = 0; i < requests; ++i) {
        idle.push(i);
        pool[i].set_callback([&, i](std::exception_ptr) {
            counter->fetch_add(1, std::memory_order_relaxed);
            {
                std::lock_guard<std::mutex> lock(mutex);
                idle.push(i);
            }
            idle_again.notify_one();
        });
    }
    for (;;) {
        int next;
        {
            std::unique_lock<std::mutex> lock(mutex);
            idle_again.wait(lock, [&] { return !idle.empty(); });
            next = idle.front();
            idle.pop();
        }
        pool[next].start_async();
    }
}
