# void host_image_init(void *to, uint32_t offset, uint32_t length)
# Copies from data segment 0, which translator/module.c puts in front of those wasm-ld made.
# C has no way to name a passive segment.
	.functype host_image_init (i32, i32, i32) -> ()
	.section .text.host_image_init,"",@
	.globl host_image_init
	.type host_image_init,@function
host_image_init:
	.functype host_image_init (i32, i32, i32) -> ()
	local.get 0
	local.get 1
	local.get 2
	memory.init 0, 0
	end_function
