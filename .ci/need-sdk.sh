# Sourced by ./sockeye and ./test: is this a machine that can build Sockeye? Says what is missing in one line.
# POSIX sh. Sets nothing but the variables below.

# Quiet, and nothing sent anywhere, whoever runs us.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
export DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=true DOTNET_GENERATE_ASPNET_CERTIFICATE=false

# What to install; the address has the steps for each distribution.
sdk_advice="install the .NET 10 SDK (package dotnet-sdk-10.0; https://dotnet.microsoft.com/download/dotnet/10.0)"

# need_platform NAME: Linux on x86_64 or aarch64, else one line and exit 1.
need_platform() {
    platform="$(uname -s) $(uname -m)"
    case $platform in
        "Linux x86_64" | "Linux aarch64") ;;
        *) echo "$1: Sockeye calls the Linux kernel directly and runs on Linux x86_64 and aarch64 only; this is $platform." >&2
           exit 1 ;;
    esac
}

# need_dotnet NAME: the `dotnet` command, also where its own installer puts it, else one line and exit 1.
need_dotnet() {
    for folder in "${DOTNET_ROOT:-}" "${HOME:-}/.dotnet"; do
        command -v dotnet >/dev/null 2>&1 && return
        if [ -n "$folder" ] && [ -x "$folder/dotnet" ]; then PATH=$folder:$PATH; export PATH; fi
    done
    command -v dotnet >/dev/null 2>&1 && return
    echo "$1: there is no 'dotnet' on the PATH: $sdk_advice." >&2
    exit 1
}

# need_sdk NAME ROOT: an SDK that ROOT/global.json accepts (10.0.x), else one line and exit 1.
need_sdk() {
    (cd "$2" && dotnet --version) >/dev/null 2>&1 && return
    found=$(dotnet --list-sdks 2>/dev/null | cut -d' ' -f1 | tr '\n' ' ')
    echo "$1: no .NET 10 SDK here (found: ${found:-none }): $sdk_advice." >&2
    exit 1
}
