// SPDX-License-Identifier: MIT
#include "bench/http/tls_files.h"

#include <weir/http/certificate.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "bench/report.h"

namespace weir::bench {

Result<TlsFiles> TlsFiles::make() {
    const auto authority = http::CertificateAuthority::create("weir_bench");
    if (!authority) return authority.error();
    const auto issued = authority->issue({"127.0.0.1"});
    if (!issued) return issued.error();

    std::string folder = std::filesystem::temp_directory_path() / "weir_bench.";
    folder.append(6, 'X');  // the pattern that mkdtemp() fills in
    if (::mkdtemp(folder.data()) == nullptr) return Error::from_errno(errno, "making " + folder);
    TlsFiles files(folder);
    const std::string trusted = folder + "/ca.pem";
    const std::string server = folder + "/server.pem";
    if (auto written = write_file(trusted, authority->certificate_pem()); !written) {
        return written.error();
    }
    const std::string both = issued->certificate_pem() + issued->private_key_pem();
    if (auto written = write_file(server, both); !written) return written.error();
    ::setenv("SSL_CERT_FILE", trusted.c_str(), 1);
    ::setenv("WEIR_BENCH_SERVER_PEM", server.c_str(), 1);
    return files;
}

TlsFiles::~TlsFiles() {
    if (folder_.empty()) return;
    ::unsetenv("SSL_CERT_FILE");
    ::unsetenv("WEIR_BENCH_SERVER_PEM");
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

}  // namespace weir::bench
