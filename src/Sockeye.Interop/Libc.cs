namespace Sockeye; internal static class Libc;
