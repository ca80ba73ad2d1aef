#include "app/cli.h"

int main(int argc, char** argv) { return millrace::app::RunCli(argc, argv); }
