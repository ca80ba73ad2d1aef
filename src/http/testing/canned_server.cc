#include "http/testing/canned_server.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>

#include "base/check.h"

namespace millrace::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::string PemOf(const std::function<int(BIO*)>& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  MILLRACE_CHECK(write(bio.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

}  // namespace

CannedServer::CannedServer(Script script)
    : script_(std::move(script)),
      acceptor_(io_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {
  if (script_.tls) {
    MakeCertificate();
  }
  thread_ = std::jthread([this] { Run(); });
}

CannedServer::~CannedServer() {
  // Ends an accept that no client came for.
  ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
}

std::string CannedServer::UrlOf(const std::string& host, const std::string& target) const {
  return (script_.tls ? "https://" : "http://") + host + ":" + std::to_string(port()) + target;
}

std::string CannedServer::Request() {
  thread_.join();
  return request_;
}

void CannedServer::MakeCertificate() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  MILLRACE_CHECK(key && certificate);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost"),
      &X509_EXTENSION_free);
  X509_add_ext(certificate.get(), names.get(), -1);
  MILLRACE_CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  certificate_ = PemOf([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  private_key_ = PemOf([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void CannedServer::Run() {
  boost::system::error_code ec;
  tcp::socket socket(io_);
  acceptor_.accept(socket, ec);
  if (ec) {
    return;
  }
  socket.set_option(tcp::no_delay(true), ec);
  if (!script_.tls) {
    Talk(socket);
    return;
  }
  asio::ssl::context context(asio::ssl::context::tls_server);
  context.use_certificate(asio::buffer(certificate_), asio::ssl::context::pem);
  context.use_private_key(asio::buffer(private_key_), asio::ssl::context::pem);
  asio::ssl::stream<tcp::socket> stream(std::move(socket), context);
  stream.handshake(asio::ssl::stream_base::server, ec);
  if (!ec) {
    Talk(stream);
  }
}

template <typename Stream>
void CannedServer::Talk(Stream& stream) {
  boost::system::error_code ec;
  asio::read_until(stream, asio::dynamic_buffer(request_), "\r\n\r\n", ec);
  for (const std::string& piece : script_.pieces) {
    asio::write(stream, asio::buffer(piece), ec);
  }
  char byte = 0;
  while (script_.keep_open && !ec) {
    stream.read_some(asio::buffer(&byte, 1), ec);
  }
}

}  // namespace millrace::http
