// See rest_transport.h. The one file that includes cpprestsdk.
//
// The library's timeout belongs to a client object and covers a whole answer,
// body and all: ordinary requests share one client; a stream has one of its own,
// with its own deadline.
#include "operator/kube/rest_transport.h"

#include <cpprest/http_client.h>
#include <cpprest/producerconsumerstream.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pplx/threadpool.h>

#include <boost/asio/ssl/context.hpp>

#include "operator/base/failure.h"
#include "operator/kube/error.h"
#include "operator/kube/token.h"

namespace windlass::kube {
namespace {

using web::http::client::http_client;
using web::http::client::http_client_config;
using ByteBuffer = concurrency::streams::producer_consumer_buffer<uint8_t>;

constexpr std::chrono::seconds kRequestTimeout{10};

void AddAuthorities(boost::asio::ssl::context& context, const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509_STORE* store = SSL_CTX_get_cert_store(context.native_handle());
  int added = 0;
  while (X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(store, certificate);
    X509_free(certificate);
    ++added;
  }
  BIO_free(bio);
  if (added == 0) throw base::Failure("the certificate authority of the API server holds no PEM certificate");
}

void ConfigureTls(boost::asio::ssl::context& context, const Access& access) {
  if (access.ca_pem.empty()) {
    context.set_default_verify_paths();
  } else {
    AddAuthorities(context, access.ca_pem);
  }
  if (!access.client_certificate_pem.empty()) {
    const auto& chain = access.client_certificate_pem;
    const auto& key = access.client_key_pem;
    context.use_certificate_chain(boost::asio::buffer(chain.data(), chain.size()));
    context.use_private_key(boost::asio::buffer(key.data(), key.size()), boost::asio::ssl::context::pem);
  }
}

web::http::http_request MakeMessage(const HttpRequest& request, const std::string& token) {
  web::http::uri_builder uri(request.path);
  for (const auto& [name, value] : request.query) uri.append_query(name, value, true);
  web::http::http_request message(request.method);
  message.set_request_uri(uri.to_uri());
  message.headers().add("Accept", "application/json");
  message.headers().add("User-Agent", "windlass-operator");
  if (!token.empty()) message.headers().add("Authorization", "Bearer " + token);
  if (!request.body.empty()) message.set_body(request.body, request.content_type);
  return message;
}

// Reads lines until the buffer is closed by its writer; false from the sink ends it.
void PumpLines(ByteBuffer& buffer, const Transport::LineSink& sink) {
  concurrency::streams::istream in = buffer.create_istream();
  while (true) {
    concurrency::streams::container_buffer<std::string> line;
    const size_t length = in.read_line(line).get();
    if (length == 0 && in.is_eof()) return;
    if (!sink(line.collection())) return;
  }
}

}  // namespace

struct RestTransport::Impl {
  explicit Impl(Access given)
      : access(std::move(given)), token(access.token, access.token_file), client(access.server, Config(kRequestTimeout)) {}

  http_client_config Config(std::chrono::milliseconds timeout) const {
    http_client_config config;
    config.set_timeout(timeout);
    config.set_validate_certificates(!access.insecure_skip_verify);
    // By value: the library calls it when it connects, perhaps after we are gone.
    config.set_ssl_context_callback([copy = access](boost::asio::ssl::context& context) { ConfigureTls(context, copy); });
    return config;
  }

  [[noreturn]] void ThrowNoAnswer(const HttpRequest& request, const std::string& why) const {
    throw KubeError(0, "NoAnswer", request.method + " " + access.server + request.path + ": " + why);
  }

  const Access access;
  Token token;
  http_client client;
};

void StartHttpThreads(int threads) { crossplat::threadpool::initialize_with_threads(static_cast<size_t>(threads)); }

RestTransport::RestTransport(Access access) : impl_(std::make_unique<Impl>(std::move(access))) {}
RestTransport::~RestTransport() = default;

HttpResponse RestTransport::Send(const HttpRequest& request) {
  try {
    const auto exchange = [&] {
      return impl_->client.request(MakeMessage(request, impl_->token.Get())).get();
    };
    web::http::http_response response = exchange();
    if (response.status_code() == web::http::status_codes::Unauthorized) {
      // The token may have been rotated since it was read; the server did nothing.
      impl_->token.Expire();
      response = exchange();
    }
    return {response.status_code(), response.extract_utf8string(true).get()};
  } catch (const std::exception& error) {
    impl_->ThrowNoAnswer(request, error.what());
  }
}

HttpResponse RestTransport::Stream(const HttpRequest& request, const LineSink& sink, std::stop_token stop) {
  http_client client(impl_->access.server, impl_->Config(request.deadline));
  pplx::cancellation_token_source cancel;
  const std::stop_callback on_stop(stop, [&cancel] { cancel.cancel(); });
  ByteBuffer buffer;
  web::http::http_request message = MakeMessage(request, impl_->token.Get());
  message.set_response_stream(buffer.create_ostream());

  HttpResponse answer;
  pplx::task<std::string> body;  // why it broke off, or nothing
  try {
    web::http::http_response response = client.request(message, cancel.get_token()).get();
    answer.status = response.status_code();
    // The reader sees the end only if the buffer is closed when the body is done. Nothing may
    // wait in here: closing needs a thread of the pool, and when the server goes away, the
    // streams that break off together would hold all of them.
    body = response.content_ready().then([buffer](pplx::task<web::http::http_response> done) {
      std::string broken;
      try {
        done.get();
      } catch (const std::exception& error) {
        broken = *error.what() == 0 ? "broken off" : error.what();
      }
      return ByteBuffer(buffer).close(std::ios_base::out).then([broken] { return broken; });
    });
  } catch (const std::exception& error) {
    if (stop.stop_requested()) return {};
    impl_->ThrowNoAnswer(request, error.what());
  }

  bool ended_by_us = false;
  try {
    PumpLines(buffer, [&](std::string_view line) {
      if (answer.status != web::http::status_codes::OK) {
        answer.body.append(line);
        return true;
      }
      ended_by_us = stop.stop_requested() || !sink(line);
      return !ended_by_us;
    });
  } catch (...) {
    cancel.cancel();
    body.wait();
    throw;
  }
  if (ended_by_us) cancel.cancel();
  const std::string broken = body.get();
  if (answer.status == web::http::status_codes::Unauthorized) impl_->token.Expire();
  if (!broken.empty() && !ended_by_us && !stop.stop_requested()) impl_->ThrowNoAnswer(request, broken);
  return answer;
}

}  // namespace windlass::kube
