# Sourced by simulator/demo, tests/run and bench/run: what they need from Debian, and how it is installed.
# shellcheck shell=bash

packages_build="gcc g++ cmake ninja-build pkg-config libzmq3-dev libczmq-dev libjansson-dev libinih-dev libmodbus-dev
    libserialport-dev libusb-1.0-0-dev libsqlite3-dev libsystemd-dev libsodium-dev libmd-dev
    libgsl-dev libxlsxwriter-dev libhdf5-dev libumockdev-dev umockdev
    libwebsockets-dev libical-dev"
# shellcheck disable=SC2034 # for those who source this
packages_tests="$packages_build libcmocka-dev clang clang-format clang-tidy shellcheck libclang-rt-14-dev python3
    python3-pytest python3-pytest-xdist python3-zmq python3-pymodbus
    python3-pandas python3-scipy python3-h5py python3-openpyxl libreoffice-calc mbpoll socat procps bc git systemd"

say() {
    printf '== %s\n' "$*"
}

# Installs those of the named packages that are missing, as root or with sudo; says so first.
install_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "installing with apt-get: ${missing[*]}"
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "these packages are missing, and there is no sudo to install them" >&2; return 1; }
        sudo=(sudo)
    fi
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        >/dev/null
}

# Node and npm build the pages; any that is there already will do.
install_node() {
    command -v node >/dev/null && command -v npm >/dev/null && return 0
    install_packages nodejs npm
}

# What drives a browser (tests/browser/package.json), in build/browser.
install_browser_tests() {
    install_node || return 1
    local folder=build/browser
    cmp -s tests/browser/package-lock.json "$folder/node_modules/.done" && return 0
    say "fetching what drives the browser"
    mkdir -p "$folder" && cp tests/browser/package.json tests/browser/package-lock.json "$folder" &&
        npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error >/dev/null &&
        cp tests/browser/package-lock.json "$folder/node_modules/.done"
}

# That, and Debian's Chromium.
install_browser() {
    install_packages chromium fonts-noto-core && install_browser_tests
}

# Configures and builds a preset; further arguments go to the build. Quiet unless it fails.
build_preset() {
    local preset=$1 log
    shift
    install_node || return 1
    log=$(mktemp)
    say "building the $preset preset"
    if ! { cmake --preset "$preset" && cmake --build --preset "$preset" -j"$(nproc)" "$@"; } >"$log" 2>&1; then
        grep -E 'error|warning|FAILED|undefined' "$log" | head -40 >&2 || tail -40 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
