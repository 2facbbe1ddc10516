/*
 * vsock-echo PORT: connects to that port of the host, sends what it reads, says that this is all,
 * and prints what comes back meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/vm_sockets.h>

static void copy(int from, int to)
{
	char data[65536];
	for (ssize_t count; (count = read(from, data, sizeof data)) != 0;)
		for (ssize_t done = 0, written; done < count; done += written)
			if ((written = write(to, data + done, count - done)) <= 0)
				exit(1);
}

int main(int argc, char **argv)
{
	struct sockaddr_vm host = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST };
	int socket_ = socket(AF_VSOCK, SOCK_STREAM, 0);
	host.svm_port = argc == 2 ? atoi(argv[1]) : 0;
	if (connect(socket_, (struct sockaddr *)&host, sizeof host) != 0) {
		perror("connect");
		return 1;
	}
	if (fork() == 0) {
		copy(0, socket_);
		shutdown(socket_, SHUT_WR);
		return 0;
	}
	copy(socket_, 1);
	return 0;
}
