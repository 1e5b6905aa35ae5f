global using System.CommandLine;
global using System.CommandLine.Parsing;
